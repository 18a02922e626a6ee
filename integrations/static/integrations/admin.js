// Small comforts of the admin; every form works without them.
document.addEventListener("DOMContentLoaded", () => {
  // A pack's box ticks its metrics, and follows them.
  for (const pack of document.querySelectorAll("[data-pack]")) {
    const whole = pack.querySelector("[data-pack-whole]");
    const metrics = [...pack.querySelectorAll("[data-pack-metric]")];
    const count = pack.querySelector("[data-pack-count]");
    const follow = () => {
      const chosen = metrics.filter((each) => each.checked).length;
      whole.checked = chosen === metrics.length;
      whole.indeterminate = chosen > 0 && chosen < metrics.length;
      count.textContent = `${chosen} of ${metrics.length}`;
    };
    whole.addEventListener("change", () => {
      for (const each of metrics) each.checked = whole.checked;
      follow();
    });
    for (const each of metrics) each.addEventListener("change", follow);
    follow();
  }

  // A form that takes a while says so, and is not sent twice.
  for (const form of document.querySelectorAll("form[data-busy]")) {
    form.addEventListener("submit", (event) => {
      const button = event.submitter;
      if (!button || form.dataset.sent) return form.dataset.sent && event.preventDefault();
      form.dataset.sent = "1";
      button.querySelector("[data-busy-text]").textContent = form.dataset.busy;
      button.setAttribute("aria-busy", "true");
    });
  }
});
