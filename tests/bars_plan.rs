//! When a source of bars is asked: only when a bar is due, never more often than the ladder allows, within the quota.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use mt5_sentinel::Error;
use mt5_sentinel::bars::calendar::{Calendar, Session};
use mt5_sentinel::bars::plan::{FetchPlan, Known, Need, Terms, Tried, plan};
use mt5_sentinel::bars::quota;

const HOUR_S: i64 = 3600;
const DAY_S: i64 = 86_400;
/// Wednesday 2026-03-11 12:00 UTC.
const NOON_S: i64 = 1_773_230_400;
const HOURLY: Terms = Terms { interval_s: HOUR_S, history_bars: 500 };

fn fx() -> Calendar {
    Calendar::new(Session::Fx, &[]).unwrap()
}

fn planned(known: &Known, now_s: i64) -> FetchPlan {
    plan(&fx(), &HOURLY, known, now_s, false)
}

/// All is known and decided at 11:02: the bar of 10:00 was the newest.
fn up_to_date() -> Known {
    Known {
        asked_from_s: Some(NOON_S - 60 * DAY_S),
        stored: 500,
        newest_open_s: Some(NOON_S - 2 * HOUR_S),
        answered_at_s: Some(NOON_S - HOUR_S + 58),
        swept_at_s: Some(NOON_S - HOUR_S + 58),
        decided_open_s: Some(NOON_S - 2 * HOUR_S),
        tried: None,
    }
}

/// Minutes after noon at which cycles ask when no answer ever brings the bar.
fn asked_at(terms: &Terms, known: &Known, minutes: i64) -> Vec<i64> {
    let (calendar, mut known, mut asked) = (fx(), *known, Vec::new());
    for minute in 0..minutes {
        let plan = plan(&calendar, terms, &known, NOON_S + minute * 60 + 58, false);
        known.tried = plan.tried;
        if plan.window.is_some() {
            asked.push(minute);
        }
    }
    asked
}

#[test]
fn nothing_is_asked_until_a_bar_has_closed() {
    for minute in 1..60 {
        let plan = planned(&up_to_date(), NOON_S - HOUR_S + minute * 60);
        assert_eq!((plan.need, plan.window), (Need::Nothing, None), "minute {minute}");
    }
    let due = planned(&up_to_date(), NOON_S);
    assert_eq!(due.need, Need::Due);
    assert_eq!(due.window, Some((NOON_S - 26 * HOUR_S, NOON_S)), "a day of known bars comes along, for revisions");
    assert_eq!(due.asked_from_s, NOON_S - 60 * DAY_S);
    assert!(!due.sweeps);
}

#[test]
fn an_empty_cache_asks_for_the_whole_history_in_trading_hours() {
    let cold = planned(&Known::default(), NOON_S);
    assert_eq!(cold.need, Need::Cold);
    let (from_s, to_s) = cold.window.unwrap();
    let open_hours = fx().open_s_between(from_s, to_s) / HOUR_S;
    assert!((500..800).contains(&open_hours), "{open_hours} hours of trading for 500 bars");
    assert_eq!((cold.asked_from_s, cold.sweeps), (from_s, true));
}

#[test]
fn a_cache_of_another_season_is_not_joined_to_today() {
    let old = NOON_S - 200 * DAY_S;
    let known = Known { asked_from_s: Some(old - 60 * DAY_S), newest_open_s: Some(old), ..Known::default() };
    let plan = planned(&known, NOON_S);
    assert_eq!(plan.need, Need::Cold);
    assert_eq!(plan.asked_from_s, plan.window.unwrap().0, "the stretch begins anew");
}

#[test]
fn a_week_away_is_filled_without_a_break() {
    let newest = NOON_S - 7 * DAY_S;
    let known = Known { newest_open_s: Some(newest), ..up_to_date() };
    let plan = planned(&known, NOON_S);
    assert_eq!((plan.need, plan.window.unwrap().0), (Need::Due, newest - 24 * HOUR_S));
    assert_eq!(plan.asked_from_s, NOON_S - 60 * DAY_S);
}

#[test]
fn once_a_day_and_after_a_start_the_whole_history_comes_along() {
    for swept_at_s in [None, Some(NOON_S - DAY_S)] {
        let plan = planned(&Known { swept_at_s, ..up_to_date() }, NOON_S);
        assert!(plan.sweeps);
        assert!(plan.window.unwrap().0 < NOON_S - 20 * DAY_S);
        assert_eq!(plan.asked_from_s, NOON_S - 60 * DAY_S, "what is known from before stays known");
    }
}

#[test]
fn a_first_answer_that_was_cut_short_heals_with_the_next_request() {
    let plan = planned(&Known { stored: 499, ..up_to_date() }, NOON_S);
    assert!(plan.sweeps);
    assert!(plan.window.unwrap().0 < NOON_S - 20 * DAY_S);
}

#[test]
fn a_longer_history_is_asked_for_once() {
    let short = Known { asked_from_s: Some(NOON_S - 3 * DAY_S), newest_open_s: Some(NOON_S - HOUR_S), ..up_to_date() };
    let known = Known { swept_at_s: None, decided_open_s: Some(NOON_S - HOUR_S), ..short };
    let plan = planned(&known, NOON_S);
    assert_eq!((plan.need, plan.sweeps), (Need::Backfill, true));
    assert_eq!(plan.asked_from_s, plan.window.unwrap().0);
    let after = Known { swept_at_s: Some(NOON_S), ..known };
    assert_eq!(planned(&after, NOON_S + 60).need, Need::Nothing, "the source may simply have no more");
}

#[test]
fn a_late_bar_is_asked_for_ten_times_an_hour_at_most() {
    assert_eq!(asked_at(&HOURLY, &up_to_date(), 60), [0, 1, 2, 3, 5, 8, 13, 21, 34, 55]);
}

#[test]
fn a_late_five_minute_bar_is_asked_for_four_times() {
    let terms = Terms { interval_s: 300, ..HOURLY };
    let known = Known { newest_open_s: Some(NOON_S - 600), decided_open_s: Some(NOON_S - 600), ..up_to_date() };
    assert_eq!(asked_at(&terms, &known, 5), [0, 1, 2, 3]);
}

#[test]
fn the_next_bar_begins_a_ladder_of_its_own() {
    let tried = Some(Tried { due_open_s: NOON_S - 2 * HOUR_S, times: 10, last_s: NOON_S - 30 });
    let plan = planned(&Known { tried, ..up_to_date() }, NOON_S + 58);
    assert!(plan.window.is_some());
    assert_eq!(plan.tried.unwrap().times, 1);
}

#[test]
fn a_price_is_fresh_when_a_bar_is_decided() {
    let undecided = Known { newest_open_s: Some(NOON_S - HOUR_S), answered_at_s: Some(NOON_S + 58), ..up_to_date() };
    assert_eq!(planned(&undecided, NOON_S + 60).need, Need::Nothing, "it was answered this minute");
    assert_eq!(planned(&undecided, NOON_S + 118).need, Need::Price);
    let decided = Known { decided_open_s: undecided.newest_open_s, ..undecided };
    assert_eq!(planned(&decided, NOON_S + 118).need, Need::Nothing);
}

#[test]
fn a_doubted_clock_is_looked_at() {
    let known = Known { newest_open_s: Some(NOON_S - HOUR_S), decided_open_s: Some(NOON_S - HOUR_S), ..up_to_date() };
    assert_eq!(plan(&fx(), &HOURLY, &known, NOON_S + 60, false).need, Need::Nothing);
    assert_eq!(plan(&fx(), &HOURLY, &known, NOON_S + 60, true).need, Need::Clock);
    let ahead = planned(&known, NOON_S - 2 * HOUR_S);
    assert_eq!(ahead.need, Need::Clock, "a stored bar that has not closed yet: one of the two clocks is wrong");
    assert!(ahead.window.is_some());
}

#[test]
fn a_step_back_does_not_hold_the_next_request_off() {
    let tried = Some(Tried { due_open_s: NOON_S - HOUR_S, times: 9, last_s: NOON_S + 50 * 60 });
    assert!(planned(&Known { tried, ..up_to_date() }, NOON_S + 58).window.is_some());
}

#[test]
fn four_hourly_symbols_stay_below_a_twentieth_of_the_quota() {
    let planned = quota::day_plan(&fx(), HOUR_S, 5, NOON_S);
    assert_eq!(planned, 86, "120 hours a week, 5 units each, over 7 days");
    let calls = asked_at(&HOURLY, &up_to_date(), 60).len() as u64;
    assert!(4 * planned < 5_000);
    assert!(4 * 24 * calls * 5 < 5_000, "even on a day on which no bar ever comes");
}

#[test]
fn minute_bars_need_more_than_a_twentieth_and_say_so() {
    let refused = quota::check_plan(&[(&fx(), 60)], 5, NOON_S, 100_000, 0.05).unwrap_err();
    assert!(refused.to_string().contains("5143 units a day are needed"), "{refused}");
    assert_eq!(quota::check_plan(&[(&fx(), 60)], 5, NOON_S, 100_000, 0.06), Ok(5_143));
    assert_eq!(quota::check_plan(&[(&fx(), 3600), (&fx(), 300)], 5, NOON_S, 100_000, 0.05), Ok(86 + 1_029));
}

#[test]
fn the_budget_of_a_day_is_kept_to_the_last_unit() {
    assert_eq!(quota::check(4_995, 5, 100_000, 0.05, 0), Ok(()));
    let refused = quota::check(4_996, 5, 100_000, 0.05, 0);
    assert_eq!(refused, Err(Error::QuotaSpent { spent: 4_996, budget: 5_000.0 }));
}
