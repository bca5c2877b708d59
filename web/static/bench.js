// Asks the worker for the kernels' figures and shows them. `?device=gpu` or `?device=cpu` starts at once.
const status = document.getElementById('status');
const table = document.querySelector('table');
const buttons = [...document.querySelectorAll('button[data-device]')];
let worker;

function finish(state, sentence) {
  document.body.dataset.bench = state;
  status.textContent = sentence;
  buttons.forEach((button) => (button.disabled = false));
}

function show(reply) {
  const body = table.querySelector('tbody');
  body.replaceChildren(
    ...reply.rows.map((row) => {
      const line = document.createElement('tr');
      for (const text of [row.name, row.millis.toFixed(2), row.gflops.toFixed(2)]) {
        line.append(Object.assign(document.createElement('td'), { textContent: text }));
      }
      return line;
    }),
  );
  table.hidden = false;
  const device = reply.device.gpu ? `WebGPU: ${reply.device.name}` : 'CPU';
  finish('done', `Measured on ${device}.`);
}

function measure(device) {
  worker?.terminate();
  buttons.forEach((button) => (button.disabled = true));
  document.body.dataset.bench = 'running';
  status.textContent = 'Measuring. This takes up to a minute.';
  worker = new Worker(document.querySelector('meta[name="lunglens-worker"]').content);
  worker.onerror = (event) => finish('failed', `The worker stopped: ${event.message}`);
  worker.onmessage = ({ data }) => {
    const reply = JSON.parse(data.json);
    const failed = reply.load_failed?.cause.words ?? reply.crashed?.message;
    if (reply === 'hello') {
      worker.postMessage({ json: JSON.stringify({ bench: { device } }), buffers: [] });
    } else if (reply.bench_rows) {
      show(reply.bench_rows);
    } else if (failed) {
      finish('failed', failed);
    }
  };
}

buttons.forEach((button) => button.addEventListener('click', () => measure(button.dataset.device)));
const wished = new URLSearchParams(location.search).get('device');
if (wished === 'gpu' || wished === 'cpu') measure(wished);
