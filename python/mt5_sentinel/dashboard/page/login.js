// Says in words why the form is shown again.
const why = new URLSearchParams(location.search).get("refused");
if (why !== null) {
  const told = document.getElementById("told");
  told.textContent = why === "wait"
    ? "Too many attempts. Wait a minute, then try again."
    : "That is not the token. Check it and try again.";
  told.hidden = false;
}
