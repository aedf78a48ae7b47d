// A mail to one person: puts the words of an email, with the person's values, where somebody last typed.
(() => {
    "use strict";
    const form = document.querySelector("[data-mail-form]");
    const insert = form && form.querySelector("[data-mail-insert]");
    if (!insert) return;
    const said = form.querySelector("[data-mail-said]");
    const [subject, body] = [form.elements.subject, form.elements.body];

    insert.addEventListener("click", async () => {
        const email = form.querySelector("[data-mail-email]").value;
        if (!email) { said.textContent = "Choose an email first."; return; }
        const query = new URLSearchParams({ email, business_entity: form.elements.business_entity.value });
        try {
            const answer = await fetch(`${form.dataset.words}?${query}`, { headers: { Accept: "application/json" } });
            if (!answer.ok || answer.redirected) throw new Error(answer.status);
            const words = await answer.json();
            if (!subject.value.trim()) subject.value = words.subject;
            body.focus();
            body.setRangeText(words.body, body.selectionStart, body.selectionEnd, "end");
            body.dispatchEvent(new Event("input", { bubbles: true }));
            said.textContent = "Its words stand in the text now.";
        } catch (error) {
            said.textContent = "The words could not be fetched. Try again, or load the page in a new tab.";
        }
    });
})();
