// The stream of events, connected again with growing pauses. It runs in the worker that all pages share, or in a page.

const FIRST_PAUSE_S = 1;
const LONGEST_PAUSE_S = 30;
const SILENT_AFTER_S = 30;
const WATCHED_EVERY_MS = 5000;

/**
 * A stream that listens from `open()` to `close()`.
 *
 * `tell` is given `{ state: "live" | "broken" }` as the connection changes and with each try that fails, `{ cycle }`
 * for each ended cycle, and `{ beat }`, the server's time in seconds, while nothing happens.
 */
export function stream(tell) {
  let source = null;
  let pauseS = FIRST_PAUSE_S;
  let heardAt = 0;
  let later = 0;

  const close = () => {
    clearTimeout(later);
    source?.close();
    source = null;
  };
  const lost = () => {
    close();
    later = setTimeout(open, pauseS * 1000);
    pauseS = Math.min(LONGEST_PAUSE_S, pauseS * 2);
    tell({ state: "broken" });
  };
  const hear = (news) => {
    heardAt = performance.now();
    tell(news);
  };
  const open = () => {
    if (source !== null) return;
    clearTimeout(later);
    heardAt = performance.now();
    source = new EventSource("/api/events");
    source.onopen = () => {
      pauseS = FIRST_PAUSE_S;
      hear({ state: "live" });
    };
    source.onerror = lost;
    source.addEventListener("cycle", (event) => hear({ cycle: JSON.parse(event.data) }));
    source.addEventListener("beat", (event) => hear({ beat: JSON.parse(event.data).now_s }));
  };

  setInterval(() => {
    if (source !== null && performance.now() - heardAt > SILENT_AFTER_S * 1000) lost();
  }, WATCHED_EVERY_MS);
  return { open, close };
}
