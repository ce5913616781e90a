/* On the server's review: without the server, "change something" is the way back to the form as it was left. */
document.addEventListener("look:offline", (event) => {
  if (event.target.dataset.look !== "edit") return;
  event.preventDefault();
  history.back();
}, true);
