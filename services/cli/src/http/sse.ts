/** One server-sent event: its id, its name and its text. */
export interface ServerSentEvent { readonly id: string | undefined; readonly event: string; readonly text: string }

/**
 * Reads events from a byte stream (WHATWG HTML, 9.2.6); comments are heartbeats and are passed over. `retry` is told
 * how long the server wants a broken stream to be left alone.
 */
export async function* readEvents(bytes: AsyncIterable<Uint8Array>, retry: (ms: number) => void): AsyncIterable<ServerSentEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let id: string | undefined;
  let event = 'message';
  let lines: string[] = [];
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true });
    const complete = rest.split(/\r\n|\n|\r(?!$)/);
    rest = complete.pop() ?? '';
    for (const line of complete) {
      if (line === '') {
        if (lines.length > 0) yield { id, event, text: lines.join('\n') };
        event = 'message';
        lines = [];
        continue;
      }
      const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
      if (field === 'id') id = value;
      else if (field === 'event') event = value;
      else if (field === 'data') lines.push(value);
      else if (field === 'retry' && /^\d{1,6}$/.test(value)) retry(Number(value));
    }
  }
}
