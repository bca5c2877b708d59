// The memory of the browser's processes, from Linux's /proc.
import { readFileSync, readdirSync } from 'node:fs';

/** Proportional set size in MB of all processes that this one started: in all, of the largest page, and of the GPU process. */
function measure() {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      return [{ pid, parent: readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')[1] }];
    } catch {
      return []; // It ended meanwhile.
    }
  });
  const mine = new Set([String(process.pid)]);
  for (let found = 0; found < mine.size; ) {
    found = mine.size;
    for (const { pid, parent } of processes) if (mine.has(parent)) mine.add(pid);
  }
  mine.delete(String(process.pid));
  let [all, page, gpu] = [0, 0, 0];
  for (const pid of mine) {
    try {
      const pss = Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024;
      all += pss;
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (command.includes('--type=gpu-process')) gpu += pss;
      if (command.includes('--type=renderer')) page = Math.max(page, pss);
    } catch {
      // It ended meanwhile.
    }
  }
  return { all, page, gpu };
}

/** Watches until `stop()`, which gives the peaks in MB. */
export function watchMemory() {
  const peak = { all: 0, page: 0, gpu: 0 };
  const look = () => {
    const now = measure();
    peak.all = Math.max(peak.all, now.all);
    peak.page = Math.max(peak.page, now.page);
    peak.gpu = Math.max(peak.gpu, now.gpu);
  };
  const timer = setInterval(look, 1000);
  return {
    stop() {
      look();
      clearInterval(timer);
      return peak;
    },
  };
}
