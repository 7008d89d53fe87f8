import { Select, TextInput } from '@mantine/core';

/** Why, and for how long. */
export interface StopDraft { readonly why: string; readonly forMinutes: string }
export const EMPTY_STOP: StopDraft = { why: '', forMinutes: '' };

const LENGTHS = [{ value: '', label: 'until somebody resumes' }, { value: '60', label: 'for an hour' }, { value: '240', label: 'for 4 hours' }, { value: '1440', label: 'for a day' }, { value: '10080', label: 'for a week' }];

export function StopFields({ draft, change }: { readonly draft: StopDraft; readonly change: (draft: StopDraft) => void }) {
  return (
    <>
      <TextInput label="Why" placeholder="for those who wonder" value={draft.why} onChange={(event) => { change({ ...draft, why: event.currentTarget.value }); }} maxLength={500} style={{ flex: '1 1 220px' }} />
      <Select label="How long" data={LENGTHS} value={draft.forMinutes} onChange={(forMinutes) => { change({ ...draft, forMinutes: forMinutes ?? '' }); }} allowDeselect={false} w={210} />
    </>
  );
}

/** What the door is told. */
export const stopBody = ({ why, forMinutes }: StopDraft) => ({ why: why.trim(), until: forMinutes === '' ? null : new Date(Date.now() + Number(forMinutes) * 60_000).toISOString() });

/** Whether it stands still by now, in words. */
export const stoppedText = (what: string, { confirmed, note }: { readonly confirmed?: boolean | undefined; readonly note?: string | undefined }) => `${what}${confirmed === true ? '; no call to the provider is out any more' : note === undefined ? '' : `; ${note}`}`;
