// Runs before the first paint, so that a chosen theme does not flash in.
(function () {
  try {
    const choice = JSON.parse(localStorage.getItem('holdfast.theme'));
    if (choice === 'light' || choice === 'dark') document.documentElement.dataset.theme = choice;
  } catch { /* storage may be closed to us; the system's theme is used */ }
})();
