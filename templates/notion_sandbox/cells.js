// A changed cell is saved at once, and alone: the others may be out of date. Without JavaScript, a page has a button.
document.addEventListener("change", async (event) => {
  const field = event.target, form = field.form;
  if (!form || !form.dataset.cells) return;
  const value = field.type === "checkbox" ? (field.checked ? "yes" : "") : field.value;
  const body = new URLSearchParams({id: form.elements.id.value, [field.name]: value});
  const answer = await fetch(form.action, {method: "POST", body, headers: {"Accept": "text/plain"}});
  if (answer.ok) { field.classList.add("saved"); setTimeout(() => field.classList.remove("saved"), 900); }
  else alert(await answer.text());
});
