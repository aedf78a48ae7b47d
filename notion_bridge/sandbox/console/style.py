"""The looks of the sandbox's pages, light and dark, down to the width of a telephone."""

from __future__ import annotations

CSS = """
:root { color-scheme: light dark; --ground: #ffffff; --panel: #f7f6f3; --ink: #2f3437; --soft: #6b6f73;
  --line: #e3e2de; --accent: #2463c7; --chip: #eceae5; --bad: #b3261e; --good: #1e6b3a; --field: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --ground: #191919; --panel: #202020; --ink: #e6e6e4; --soft: #a0a09c;
  --line: #363636; --accent: #7fb0ff; --chip: #2f2f2f; --bad: #ff8a80; --good: #7bd69b; --field: #242424; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
header { border-bottom: 1px solid var(--line); background: var(--panel); padding: .7rem 1rem .2rem; }
header strong { font-size: 1.02rem; } header small { color: var(--soft); margin-left: .4rem; }
nav { display: flex; flex-wrap: wrap; gap: .15rem .3rem; margin-top: .5rem; }
nav a { padding: .3rem .6rem; border-radius: .4rem .4rem 0 0; color: var(--soft); }
nav a[aria-current] { color: var(--ink); background: var(--ground); border: 1px solid var(--line);
  border-bottom-color: var(--ground); margin-bottom: -1px; font-weight: 600; }
main { padding: 1rem; max-width: 1500px; margin: 0 auto; }
h1 { font-size: 1.35rem; margin: .2rem 0 .6rem; overflow-wrap: anywhere; } h2 { font-size: 1.05rem;
  margin: 1.6rem 0 .5rem; }
p.note { color: var(--soft); margin: .2rem 0 .8rem; max-width: 75ch; }
.said { padding: .5rem .8rem; border: 1px solid var(--line); border-left: 4px solid var(--good);
  background: var(--panel);
  border-radius: .3rem; margin-bottom: 1rem; overflow-wrap: anywhere; } .said.bad { border-left-color: var(--bad); }
.bar { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin-bottom: .8rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; }
table { border-collapse: collapse; width: 100%; } th, td { border-bottom: 1px solid var(--line); text-align: left; }
th { font-weight: 600; font-size: .82rem; color: var(--soft); padding: .45rem .6rem; white-space: nowrap;
  background: var(--panel); }
td { padding: .15rem .3rem; vertical-align: middle; } td.text { padding: .4rem .6rem; }
tr:last-child td { border-bottom: 0; } th small { font-weight: 400; }
.cells td:first-child, .cells th:first-child { position: sticky; left: 0; background: var(--ground); z-index: 1;
  border-right: 1px solid var(--line); } .cells th:first-child { background: var(--panel); }
.cells .name { display: flex; align-items: center; gap: .2rem; } .cells .name a { padding: 0 .4rem;
  font-size: .82rem; }
.cells input, .cells select { min-width: 9.5rem; border-color: transparent; background: transparent; }
.cells .name input { min-width: 8rem; width: 8.5rem; } .cells input[type=checkbox] { min-width: 0; }
.cells input:hover, .cells select:hover { border-color: var(--line); } .cells .gone { opacity: .6; }
input, select, textarea, button { font: inherit; color: inherit; background: var(--field);
  border: 1px solid var(--line);
  border-radius: .35rem; padding: .32rem .5rem; max-width: 100%; }
input:focus-visible, select:focus-visible, textarea:focus-visible, button:focus-visible, a:focus-visible {
  outline: 2px solid var(--accent); outline-offset: 1px; }
textarea { width: 100%; min-height: 2.2rem; resize: vertical; field-sizing: content; display: block; }
summary { cursor: pointer; margin: 1.4rem 0 .7rem; font-weight: 600; } .cells input.email { min-width: 16.5rem; }
.scroll td.text { white-space: nowrap; } .scroll td.text:has(.chip) { white-space: normal; min-width: 18rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.scroll form.inline { flex-wrap: nowrap; } .scroll form.inline input { width: 9rem; }
button { cursor: pointer; background: var(--chip); } button:hover { border-color: var(--soft); }
button.main { background: var(--accent); border-color: var(--accent); color: var(--ground); }
button.bad { color: var(--bad); }
form.inline { display: inline-flex; flex-wrap: wrap; gap: .4rem; align-items: center; margin: 0; }
.fields { display: grid; grid-template-columns: minmax(8rem, 14rem) minmax(0, 40rem); gap: .5rem 1rem;
  align-items: start; }
.fields label { padding-top: .35rem; color: var(--soft); }
.fields input:not([type=checkbox]), .fields select { width: 100%; }
.chip { background: var(--chip); border-radius: .3rem; padding: .08rem .4rem; font-size: .84rem;
  white-space: nowrap; }
.facts { color: var(--soft); font-size: .86rem; } pre { overflow: auto; background: var(--panel); padding: .8rem;
  border: 1px solid var(--line); border-radius: .4rem; font-size: .82rem; } code { overflow-wrap: anywhere; }
.ok { color: var(--good); } .no { color: var(--bad); } .saved { outline: 2px solid var(--good); }
@media (max-width: 640px) { main { padding: .7rem; } .fields { grid-template-columns: minmax(0, 1fr); gap: .15rem; }
  .fields label { padding-top: .6rem; } form.inline { display: flex; } .cells .name input { width: 6.2rem;
  min-width: 6.2rem; } }
"""

# A changed cell is saved at once, and alone: the others may be out of date. Without JavaScript, a page has a button.
SCRIPT = """
document.addEventListener("change", async (event) => {
  const field = event.target, form = field.form;
  if (!form || !form.dataset.cells) return;
  const value = field.type === "checkbox" ? (field.checked ? "yes" : "") : field.value;
  const body = new URLSearchParams({id: form.elements.id.value, [field.name]: value});
  const answer = await fetch(form.action, {method: "POST", body, headers: {"Accept": "text/plain"}});
  if (answer.ok) { field.classList.add("saved"); setTimeout(() => field.classList.remove("saved"), 900); }
  else alert(await answer.text());
});
"""
