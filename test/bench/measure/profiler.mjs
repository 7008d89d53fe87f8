/*
 * Loaded into a service by `--import` when the bench is asked for profiles: SIGUSR2 starts one, the next SIGUSR2 writes
 * it to BENCH_PROFILE_FILE (--cpu-prof is not allowed in NODE_OPTIONS, and would have the start in it).
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

const session = new Session();
session.connect();
let running = false;
let count = 0;
process.on('SIGUSR2', () => {
  if (!running) {
    running = true;
    session.post('Profiler.enable');
    session.post('Profiler.setSamplingInterval', { interval: 200 });
    session.post('Profiler.start');
    return;
  }
  running = false;
  session.post('Profiler.stop', (error, result) => {
    count += 1;
    if (error === null) writeFileSync(`${process.env.BENCH_PROFILE_FILE}-${count}.cpuprofile`, JSON.stringify(result.profile));
  });
});
