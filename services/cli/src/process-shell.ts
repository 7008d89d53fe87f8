import type { Shell } from './shell.js';
import { environmentOfProcess } from './config.js';

/** The shell that started this process. Ctrl-C ends what follows; a reader that goes away (`| head`) is no error. */
export function shellOfProcess(): Shell {
  const ending = new AbortController();
  process.once('SIGINT', () => { ending.abort(); });
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    ending.abort();
  });
  return {
    environment: environmentOfProcess(), folder: process.cwd(), stdin: process.stdin, stdout: process.stdout, stderr: process.stderr,
    signal: ending.signal, now: () => new Date(),
  };
}
