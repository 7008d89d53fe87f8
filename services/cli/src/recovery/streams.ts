import { connect } from 'node:net';
import { CommandError, EXIT, usage } from '../exit.js';

const LIMIT_MS = 5_000;

/**
 * Deletes streams on a NATS server; one that is not there is deleted already. These few lines of its protocol are all
 * that the command needs of NATS.
 */
export async function dropStreams(server: string, streams: readonly string[]): Promise<void> {
  if (!URL.canParse(server) || !server.startsWith('nats://')) throw usage('NATS must be given as nats://user:password@host:port');
  const url = new URL(server);
  const inbox = `_INBOX.${decodeURIComponent(url.username) || 'vmdns'}.restore`;
  const login = { verbose: false, pedantic: false, lang: 'vmdns', version: '1', ...(url.username === '' ? {} : { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }) };
  const socket = connect({ host: url.hostname, port: Number(url.port || '4222') });
  socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error('no answer in time')));
  socket.setEncoding('utf8');
  const answers: string[] = [];
  try {
    let read = '';
    socket.write(`CONNECT ${JSON.stringify(login)}\r\nSUB ${inbox} 1\r\n${streams.map((stream) => `PUB $JS.API.STREAM.DELETE.${stream} ${inbox} 0\r\n\r\n`).join('')}PING\r\n`);
    for await (const piece of socket) {
      read += String(piece);
      if (/^-ERR (.*)\r$/m.test(read)) throw new Error(/^-ERR (.*)\r$/m.exec(read)?.[1] ?? 'refused');
      answers.splice(0, answers.length, ...[...read.matchAll(/^MSG \S+ 1 \d+\r\n(.*)\r$/gm)].map(([, answer = '']) => answer));
      if (answers.length >= streams.length) break;
    }
    const refused = answers.find((answer) => !/"success":\s*true/.test(answer) && !/"code":\s*404/.test(answer));
    if (refused !== undefined || answers.length < streams.length) throw new Error(refused ?? 'the connection was closed');
  } catch (cause) {
    throw new CommandError(EXIT.failed, 'the streams of NATS could not be deleted', [cause instanceof Error ? cause.message : '', 'stop nats-server, remove its data folder, start it, and run this again with --nats none'].filter((line) => line !== ''), { cause });
  } finally {
    socket.destroy();
  }
}
