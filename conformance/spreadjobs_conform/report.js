"use strict";
(() => {
  // The page can be read without this: it only filters, and opens what a link leads to.
  const form = document.getElementById("filters");
  const rows = [...document.querySelectorAll("tr.row")];
  const accounts = [...document.querySelectorAll("article.account")];
  const words = new Map([...rows, ...accounts].map((each) => [each, each.textContent.toLowerCase()]));

  const wanted = (each) => {
    const text = form.elements.text.value.trim().toLowerCase();
    const { status, family, level } = form.elements;
    return (!status.value || each.dataset.status.split(" ").includes(status.value))
      && (!family.value || each.dataset.family === family.value)
      && (!level.value || each.dataset.level === level.value)
      && text.split(/\s+/).every((word) => words.get(each).includes(word));
  };

  const filter = () => {
    for (const each of [...rows, ...accounts]) each.hidden = !wanted(each);
    for (const body of document.querySelectorAll("tbody[data-family]")) body.hidden = !body.querySelector("tr.row:not([hidden])");
    const left = rows.filter((row) => !row.hidden).length;
    document.getElementById("shown").textContent = left === rows.length ? `${left} cases` : `${left} of ${rows.length} cases`;
    document.getElementById("none").hidden = left > 0;
  };

  const open = () => {
    const target = /^#account-\d+-\d+$/.test(location.hash) && document.querySelector(location.hash);
    if (!target) return;
    target.hidden = false;
    target.querySelector("details")?.setAttribute("open", "");
    target.scrollIntoView();
  };

  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  window.addEventListener("hashchange", open);
  open();
})();
