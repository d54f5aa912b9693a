// The little that HTML and htmx cannot say. No inline code, no eval: the pages' CSP forbids both.
"use strict";

// A morph changes attributes, not what a visitor has ticked or typed since: after each answer the
// panel's inputs follow the page again. The one being typed in is left alone.
document.addEventListener("htmx:after:swap", () => {
  for (const input of document.querySelectorAll("#panel input")) {
    if (input.type === "checkbox") input.checked = input.defaultChecked;
    else if (input !== document.activeElement) input.value = input.defaultValue;
  }
});

// Empty inputs say nothing: leave them out of what is asked.
document.addEventListener("htmx:config:request", (event) => {
  const asked = event.detail.ctx.request.body;
  if (!(asked instanceof FormData)) return;
  for (const [name, value] of [...asked]) if (value === "") asked.delete(name);
});

// "/" goes to the search box, as in most search pages.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select");
  const box = document.getElementById("q");
  if (event.key !== "/" || typing || !box || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  box.focus();
  box.select();
});
