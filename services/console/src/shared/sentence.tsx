import { Fragment } from 'react';
import { When } from './when';

const INSTANT = /(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z)/;

/** A sentence of the API, in which times are UTC as programs write them: here they are local, as everywhere. */
export function Sentence({ text }: { readonly text: string }) {
  return <>{text.split(INSTANT).map((part, place) => place % 2 === 1 ? <When key={place} at={part} /> : <Fragment key={place}>{part}</Fragment>)}</>;
}
