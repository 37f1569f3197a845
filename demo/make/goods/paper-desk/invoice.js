// Adds the invoice up while you type. No network, nothing stored.
"use strict";
const money = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const read = (cell) => Number.parseFloat(cell.textContent.replace(/[^\d.,-]/g, "").replace(",", ".")) || 0;

function addUp() {
  let net = 0;
  for (const row of document.querySelectorAll("tbody tr")) {
    const sum = Math.round(read(row.cells[1]) * read(row.cells[2]) * 100) / 100;
    row.cells[3].textContent = money.format(sum);
    net += sum;
  }
  const tax = Math.round(net * read(document.getElementById("rate"))) / 100;
  document.getElementById("net").textContent = money.format(net);
  document.getElementById("tax").textContent = money.format(tax);
  document.getElementById("total").textContent = money.format(net + tax);
}

document.addEventListener("input", addUp);
document.getElementById("add").addEventListener("click", () => {
  const body = document.querySelector("tbody");
  const row = body.rows[0].cloneNode(true);
  for (const cell of row.cells) cell.textContent = "";
  body.append(row);
  row.cells[0].focus();
  addUp();
});
addUp();
