// Starts the app, whose file scripts/finish-page.mjs names here. Where one of its files does not come, or the browser cannot
// run them, the page says so: else it would load for ever. The app's own words are among what did not come.
const WORDS = {
  en: 'LungLens could not be loaded. Check the connection, then reload the page, or use a current Chrome, Edge, Firefox or Safari.',
  es: 'LungLens no pudo cargarse. Compruebe la conexión y recargue la página, o use un Chrome, Edge, Firefox o Safari actual.',
  fr: 'LungLens n’a pas pu être chargé. Vérifiez la connexion, puis rechargez la page, ou utilisez un Chrome, Edge, Firefox ou Safari à jour.',
  pt: 'O LungLens não pôde ser carregado. Verifique a conexão e recarregue a página, ou use um Chrome, Edge, Firefox ou Safari atual.',
  ru: 'LungLens не загрузился. Проверьте соединение и обновите страницу или возьмите свежий Chrome, Edge, Firefox или Safari.',
  ar: 'تعذّر تحميل LungLens. تحقّق من الاتصال ثم أعد تحميل الصفحة، أو استخدم إصدارًا حديثًا من Chrome أو Edge أو Firefox أو Safari.',
  zh: 'LungLens 无法加载。请检查网络连接后刷新页面，或使用新版 Chrome、Edge、Firefox 或 Safari。',
};

/** The language that the app would speak (web/src/components/page.rs). */
function language() {
  let kept = null;
  try {
    kept = localStorage.getItem('lunglens-language');
  } catch {
    // The browser keeps nothing for this page.
  }
  const tags = [kept, ...navigator.languages].map((tag) => tag?.split('-')[0].toLowerCase());
  return tags.find((tag) => Object.keys(WORDS).includes(tag)) ?? 'en';
}

import('./app-start.js').catch((problem) => {
  // It stands there until the app has drawn the page.
  const boot = document.querySelector('.boot');
  if (boot) {
    boot.lang = language();
    boot.dir = 'auto';
    boot.setAttribute('role', 'alert');
    boot.textContent = WORDS[boot.lang];
  }
  throw problem;
});
import('./offline.js');
