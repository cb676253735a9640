/** Elements in one expression. */

type Child = Node | string | null;

/** An element with attributes and children; null attributes and children are left out. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string | null> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A button that does something. */
export function button(label: string, act: () => void, className = "ex-button"): HTMLButtonElement {
  const made = make("button", { type: "button", class: className }, label);
  made.addEventListener("click", act);
  return made;
}
