import type { MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';

/** Calls a controller's method through Nest (guards, pipes, interceptors); its errors come out as they went in. */
export async function callHandler(handler: MessageHandler, payload: unknown): Promise<unknown> {
  const result: unknown = await handler(payload);
  return isObservable(result) ? lastValueFrom(result) : result;
}
