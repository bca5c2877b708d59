// onnxruntime-web in a worker, as LungLens runs: {load: 'webgpu' or 'wasm'}, {run: true} or {fetch: true}.
const CACHE = 'models';
let ort;
let session;
let input;

async function modelBytes() {
  const cache = await caches.open(CACHE);
  let kept = await cache.match('model.onnx');
  if (!kept) {
    await cache.put('model.onnx', await fetch('model.onnx'));
    kept = await cache.match('model.onnx');
  }
  return new Uint8Array(await kept.arrayBuffer());
}

async function load(provider) {
  ort = await import(provider === 'webgpu' ? './ort.webgpu.bundle.min.js' : './ort.wasm.bundle.min.js');
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  session = await ort.InferenceSession.create(await modelBytes(), { executionProviders: [provider] });
  const grey = new Uint8Array(await (await fetch('picture.u8')).arrayBuffer());
  const size = Math.sqrt(grey.length);
  const values = new Float32Array(3 * grey.length);
  values.forEach((_, i) => (values[i] = grey[i % grey.length] / 255));
  input = new ort.Tensor('float32', values, [3, size, size]);
}

async function run() {
  const began = performance.now();
  const { boxes, labels, scores, masks } = await session.run({ image: input });
  const values = await Promise.all([boxes, labels, scores, masks].map((tensor) => tensor.getData()));
  const millis = performance.now() - began;
  const [box, label, score, mask] = values;
  const area = masks.dims[2] * masks.dims[3];
  const found = Array.from(score, (value, i) => ({
    label: Number(label[i]),
    score: value,
    box: Array.from(box.slice(4 * i, 4 * i + 4)),
    mask: Array.from(mask.subarray(area * i, area * (i + 1)), (v) => (v > 0.5 ? 1 : 0)).join(''),
  }));
  return { millis, found };
}

onmessage = async ({ data }) => {
  try {
    if (data.fetch) await modelBytes();
    if (data.load) await load(data.load);
    postMessage(data.run ? await run() : {});
  } catch (error) {
    postMessage({ error: String(error?.message ?? error) });
  }
};
