// Questions to the dashboard's own server, and what went wrong with them in words.
const { ANSWER_WITHIN_S, address, get, taken } = window.sentinelStart;

/** Something that a person can be told. */
export class Trouble extends Error {}

/** No answer came: nothing is known of the server. */
export class Unanswered extends Trouble {}

/** The answer of `/api/NAME` with these parameters (null is left out). */
export async function ask(name, parameters = {}) {
  const url = address(name, parameters);
  let response;
  let text;
  try {
    response = await (taken(url) ?? get(url));
    text = await response.text();
  } catch (error) {
    throw new Unanswered(error.name === "TimeoutError"
      ? `The dashboard has not answered for ${ANSWER_WITHIN_S} s. Is it busy, or open in too many windows?`
      : "The dashboard does not answer. Does `mt5-sentinel dashboard` still run?");
  }
  if (response.status === 401) {
    location.assign("/login");
    throw new Trouble("The session has ended. Log in again.");
  }
  if (!response.ok) throw new Trouble(`/api/${name} answered ${response.status}: ${reason(text)}`);
  return JSON.parse(text);
}

/** Go to the login where the session has ended: a stream that is refused does not say why. */
export async function checkSession() {
  try {
    const { status } = await get("/api/events", { method: "HEAD" });
    if (status === 401) location.assign("/login");
  } catch {
    // Nobody answers; that is told already.
  }
}

function reason(text) {
  try {
    return String(JSON.parse(text).error ?? text).slice(0, 300);
  } catch {
    return text.slice(0, 300) || "no reason was given";
  }
}
