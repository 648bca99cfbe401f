// The stream of events: told when a cycle has ended, connected again with growing pauses, at rest while hidden.

const FIRST_PAUSE_S = 1;
const LONGEST_PAUSE_S = 30;
const SILENT_AFTER_S = 30;

/**
 * Follow the server's events.
 *
 * `onCycle(event)` for each ended cycle, `onBeat(nowS)` with each beat, `onState("live" | "broken" | "rest")` as the
 * connection changes, `onAgain()` when it is back after a break: what happened meanwhile has to be asked for.
 */
export function follow({ onCycle, onBeat, onState, onAgain }) {
  let stream = null;
  let pauseS = FIRST_PAUSE_S;
  let heardAt = 0;
  let later = 0;
  let broke = false;

  const close = () => {
    clearTimeout(later);
    stream?.close();
    stream = null;
  };
  const heard = () => {
    heardAt = performance.now();
  };
  const lost = () => {
    if (document.hidden) return;
    close();
    broke = true;
    onState("broken");
    later = setTimeout(open, pauseS * 1000);
    pauseS = Math.min(LONGEST_PAUSE_S, pauseS * 2);
  };
  const open = () => {
    close();
    heard();
    stream = new EventSource("/api/events");
    stream.onopen = () => {
      heard();
      pauseS = FIRST_PAUSE_S;
      onState("live");
      if (broke) onAgain();
      broke = false;
    };
    stream.onerror = lost;
    stream.addEventListener("cycle", (event) => {
      heard();
      onCycle(JSON.parse(event.data));
    });
    stream.addEventListener("beat", (event) => {
      heard();
      onBeat(JSON.parse(event.data).now_s);
    });
  };

  setInterval(() => {
    if (stream !== null && performance.now() - heardAt > SILENT_AFTER_S * 1000) lost();
  }, 5000);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
      broke = true;
      onState("rest");
    } else {
      open();
    }
  });
  addEventListener("pagehide", close);
  if (document.hidden) {
    broke = true;
    onState("rest");
  } else open();
}
