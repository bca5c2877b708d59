/**
 * What of the page, in its own window, is cut off at a side or torn: a control wider than its place, a number on
 * another line than its unit. Runs in the page, so it uses nothing from here.
 */
export function misfits() {
  const found = [];
  const { clientWidth, scrollWidth } = document.documentElement;
  if (scrollWidth > clientWidth) found.push(`the page: ${scrollWidth} px in ${clientWidth}`);
  for (const one of document.querySelectorAll('.card, .button, .segments, .segment')) {
    if (one.scrollWidth > one.clientWidth + 1) found.push(`cut off: ${one.innerText}`);
  }
  for (const one of document.querySelectorAll('input[type="checkbox"]')) {
    if (one.offsetWidth > 0 && one.offsetWidth < 20) found.push(`squeezed: ${one.parentElement.innerText}`);
  }
  // Beside the text of a list is its arrow, which is narrower in Firefox.
  const arrow = navigator.userAgent.includes('Firefox') ? 10 : 16;
  const pen = document.createElement('canvas').getContext('2d');
  for (const one of document.querySelectorAll('select')) {
    const style = getComputedStyle(one);
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    // In what is folded up nothing has a width.
    const room = one.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - arrow;
    const long = [...one.options].filter(({ text }) => one.clientWidth > 0 && pen.measureText(text).width > room);
    found.push(...long.map(({ text }) => `cut off: ${text}`));
  }
  const figure = /(<\s)?\d[\d.,\u202f]*\u2069?\s?(%|ml|мл|مل|mm²?|мм²?|مم²?|px|пикс|بكسل|像素|HU|MB|Mo|МБ|م\.ب|s|с|ث|秒|min)(?!\p{L})/gu;
  const texts = document.createTreeWalker(document.querySelector('.page'), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    for (const { 0: words, index } of node.data.matchAll(figure)) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + words.length);
      const lines = [...range.getClientRects()].filter(({ width }) => width > 1).map(({ bottom }) => Math.round(bottom));
      if (Math.max(...lines) - Math.min(...lines) > 8) found.push(`torn: ${words} in ${node.data}`);
    }
  }
  return found;
}
