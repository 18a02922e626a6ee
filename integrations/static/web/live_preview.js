// The preview follows its form: on each change the button is pressed that shows it. Without this, a person presses it.
for (const form of document.querySelectorAll("form[data-preview]")) {
  const button = document.getElementById(form.dataset.preview);
  form.addEventListener("change", () => form.requestSubmit(button));
}
