// The peer's page: a worker that loads the model, from the browser's cache if it is there, and runs the picture.
const worker = new Worker('ort-worker.js', { type: 'module' });
const waiting = [];
const settle = (answer) => waiting.shift()?.(answer);
worker.onmessage = ({ data }) => settle(data);
worker.onerror = (event) => settle({ error: event.message || 'the worker could not start' });

/** Asks the worker and waits for its answer; an `error` in it is the engine's own words. */
window.ask = (request) =>
  new Promise((done) => {
    waiting.push(done);
    worker.postMessage(request);
  });
