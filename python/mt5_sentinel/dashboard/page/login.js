// Says in words why the form is shown again.
if (new URLSearchParams(location.search).has("refused")) {
  const told = document.getElementById("told");
  told.textContent = "That is not the token. Check it and try again.";
  told.hidden = false;
}
