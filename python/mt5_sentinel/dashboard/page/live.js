// What the server tells as it happens: by one stream for all pages of this browser where it can, at rest while hidden.
import { stream } from "./stream.js";

// Longer than a stream takes to see by itself that it is broken.
const SILENT_AFTER_S = 45;

/**
 * Follow the server's events.
 *
 * `onCycle(event)` for each ended cycle, `onBeat(nowS)` with each beat, `onState("live" | "broken" | "rest")` as the
 * connection changes, `onAgain()` when it is back after a break: what happened meanwhile has to be asked for.
 */
export function follow({ onCycle, onBeat, onState, onAgain }) {
  let listens = false;
  let broke = false;
  let heardAt = 0;
  let source = null;
  let isAlone = false;

  const turn = (state) => {
    onState(state);
    if (state !== "live") broke = true;
    else if (broke) {
      broke = false;
      onAgain();
    }
  };
  const hear = ({ state, cycle, beat }) => {
    if (!listens) return; // said before the worker knew
    heardAt = performance.now();
    if (state) turn(state);
    if (cycle) onCycle(cycle);
    if (beat) onBeat(beat);
  };
  const begin = () => {
    listens = true;
    heardAt = performance.now();
    source.open();
  };
  const rest = () => {
    listens = false;
    source.close();
  };
  const alone = () => {
    if (isAlone) return;
    isAlone = true;
    source?.close();
    source = stream(hear);
    if (listens) source.open();
  };
  const look = () => {
    if (!document.hidden) return begin();
    rest();
    return turn("rest");
  };

  source = shared(hear, alone);
  if (source === null) alone();
  setInterval(() => {
    if (!listens || performance.now() - heardAt <= SILENT_AFTER_S * 1000) return;
    turn("broken");
    alone();
  }, 5000);
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", rest);
  addEventListener("pageshow", (event) => event.persisted && look());
  look();
}

/** The stream that all pages share; null where the browser has no such workers. `onFault` where the worker fails. */
function shared(tell, onFault) {
  if (!window.SharedWorker) return null;
  let worker;
  try {
    worker = new SharedWorker("/assets/shared.js", { type: "module", name: "mt5-sentinel" });
  } catch {
    return null; // a browser that keeps nothing of this page may forbid it
  }
  worker.onerror = onFault;
  worker.port.onmessage = ({ data }) => tell(data);
  return { open: () => worker.port.postMessage("listen"), close: () => worker.port.postMessage("leave") };
}
