// Says in words why the form is shown again.
const asked = new URLSearchParams(location.search);
if (asked.has("refused")) {
  const told = document.getElementById("refused");
  told.textContent = asked.get("refused") === "wait"
    ? "Too many attempts. Wait a minute, then try again."
    : "This is not the token. Check it and try again.";
  told.hidden = false;
}
