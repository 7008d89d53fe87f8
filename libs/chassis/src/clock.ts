/** Where the time comes from; injected, so that tests give their own. */
export class Clock {
  now(): Date { return new Date(); }
}
