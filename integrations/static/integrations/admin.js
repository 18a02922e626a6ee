// Small comforts of the admin; every form works without them.
document.addEventListener("DOMContentLoaded", () => {
  // A pack's box ticks the metrics that come with it, and follows them. Optional ones are ticked by themselves.
  for (const pack of document.querySelectorAll("[data-pack]")) {
    const whole = pack.querySelector("[data-pack-whole]");
    const metrics = [...pack.querySelectorAll("[data-pack-metric]")];
    const coming = metrics.filter((each) => !("packOptional" in each.dataset));
    const count = pack.querySelector("[data-pack-count]");
    const follow = () => {
      const chosen = metrics.filter((each) => each.checked).length;
      whole.checked = coming.every((each) => each.checked);
      whole.indeterminate = chosen > 0 && !whole.checked;
      count.textContent = `${chosen} of ${metrics.length}`;
    };
    whole.addEventListener("change", () => {
      for (const each of whole.checked ? coming : metrics) each.checked = whole.checked;
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
      const text = button.querySelector("[data-busy-text]");
      if (text) text.textContent = form.dataset.busy;
      button.setAttribute("aria-busy", "true");
    });
  }
});
