// Questions to the dashboard's own server, and what went wrong with them in words.
const { address, taken } = window.sentinelStart;

/** Something that a person can be told. */
export class Trouble extends Error {}

/** The answer of `/api/NAME` with these parameters (null is left out). */
export async function ask(name, parameters = {}) {
  const url = address(name, parameters);
  let response;
  try {
    response = await (taken(url) ?? fetch(url));
  } catch {
    throw new Trouble("The dashboard does not answer. Does `mt5-sentinel dashboard` still run?");
  }
  if (response.status === 401) {
    location.assign("/login");
    throw new Trouble("The session has ended. Log in again.");
  }
  if (!response.ok) throw new Trouble(`/api/${name} answered ${response.status}: ${await reason(response)}`);
  return response.json();
}

async function reason(response) {
  const text = await response.text();
  try {
    return String(JSON.parse(text).error ?? text).slice(0, 300);
  } catch {
    return text.slice(0, 300) || "no reason was given";
  }
}
