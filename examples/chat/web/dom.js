// The few things that every part of the page does with its elements.

export function element(id) {
  return document.getElementById(id);
}

export function show(shown, visible) {
  shown.hidden = !visible;
}

export function listItem(className = "") {
  const item = document.createElement("li");
  item.className = className;
  return item;
}
