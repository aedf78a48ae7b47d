// While a new row is named, its short name for the API is proposed, until somebody types another.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
    const [name, slug] = ["id_name", "id_slug"].map((id) => document.getElementById(id));
    if (!(name instanceof HTMLInputElement && slug instanceof HTMLInputElement) || slug.value) return;
    let proposed = "";
    name.addEventListener("input", () => {
        if (slug.value !== proposed) return;
        const plain = name.value.toLowerCase().replaceAll("ß", "ss").normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
        proposed = plain.replace(/[^a-z0-9]+/g, "_").replace(/^_+/, "").slice(0, 64).replace(/_+$/, "");
        slug.value = proposed;
    });
});
