/** What a metrics registry wants to know of the transport. */
export interface BusObserver {
  batch?(durable: string, messages: number, tookMs: number): void;
  deadLetter?(durable: string): void;
  ask?(operation: string, status: number, tookMs: number): void;
}
