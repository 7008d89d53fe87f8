import { Alert, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Hold, HoldOutcome } from '@vmdns/contracts';
import { useState } from 'react';
import { ApiError, ask } from '../../api/client';
import { usePermissions } from '../../api/session';
import { sayDone } from '../../shared/say';
import { Trouble } from '../../shared/trouble';
import { keyOf, type Member } from './use-hold';

/** From here on the number has to be typed, so that nobody approves it by a slip. */
const TYPED_FROM = 20;
const NAMED = 8;

/** The list that a person looked at when the dialog opened: that, and nothing else, is decided. */
interface Seen { readonly choice: 'approve' | 'reject'; readonly hold: Hold; readonly keys: ReadonlySet<string> }

/** Approve or reject; where the list has changed since it was looked at, what changed is said, and nothing is decided. */
export function Decide({ hold, members }: { readonly hold: Hold; readonly members: readonly Member[] }) {
  const may = usePermissions();
  const queries = useQueryClient();
  const [seen, setSeen] = useState<Seen | null>(null);
  const [typed, setTyped] = useState('');
  const deciding = useMutation({
    mutationFn: ({ choice, hold: { checksum } }: Seen) => ask<HoldOutcome>(`/v1/holds/${encodeURIComponent(hold.holdId)}/${choice}`, { method: 'POST', body: checksum === undefined ? {} : { checksum } }),
    onSuccess: (outcome) => { setSeen(null); sayDone(saidOf(outcome)); },
    onSettled: () => queries.invalidateQueries({ queryKey: ['hold', hold.holdId] }),
  });
  if (!may.operates || hold.state !== 'open') return null;
  const open = (choice: Seen['choice']) => { deciding.reset(); setTyped(''); setSeen({ choice, hold, keys: new Set(members.map(keyOf)) }); };
  const close = () => { setSeen(null); deciding.reset(); };
  const word = seen?.choice === 'reject' ? 'Reject' : 'Approve';
  const number = String(seen?.hold.members ?? 0);
  const mustType = (seen?.hold.members ?? 0) >= TYPED_FROM;
  const hasChanged = seen !== null && (seen.hold.checksum !== hold.checksum || (deciding.error instanceof ApiError && deciding.error.status === 409));
  return (
    <>
      <Button color="red" onClick={() => { open('approve'); }}>Approve</Button>
      <Button variant="default" onClick={() => { open('reject'); }}>Reject</Button>
      <Modal opened={seen !== null} onClose={close} title={`${word} ${number} ${number === '1' ? 'change' : 'changes'}`} closeButtonProps={{ 'aria-label': 'Close' }}>
        {seen !== null && (
          <form onSubmit={(event) => { event.preventDefault(); deciding.mutate(seen); }}>
            <Stack>
              <Text size="sm">{seen.choice === 'approve' ? 'They are done at once; what changes until then is left out and named.' : 'Records are kept as they are, and these changes do not ask again.'}</Text>
              {hasChanged && <Changes seen={seen} members={members} />}
              {!hasChanged && mustType && <TextInput label={`Type ${number} to confirm`} value={typed} onChange={(event) => { setTyped(event.currentTarget.value); }} data-autofocus inputMode="numeric" autoComplete="off" />}
              {!hasChanged && deciding.isError && <Trouble error={deciding.error} />}
              <Group justify="flex-end">
                <Button variant="default" onClick={close}>Cancel</Button>
                {/* Two buttons, not one that changes: the click on the first must not send the form. */}
                {hasChanged
                  ? <Button key="again" onClick={() => { open(seen.choice); }}>Go on with the list as it is now</Button>
                  : <Button key="decide" type="submit" color={seen.choice === 'approve' ? 'red' : 'blue'} loading={deciding.isPending} disabled={mustType && typed.trim() !== number}>{word}</Button>}
              </Group>
            </Stack>
          </form>
        )}
      </Modal>
    </>
  );
}

/** What came and went on the list since it was looked at. */
function Changes({ seen, members }: { readonly seen: Seen; readonly members: readonly Member[] }) {
  const now = new Set(members.map(keyOf));
  const [came, went] = [[...now].filter((key) => !seen.keys.has(key)), [...seen.keys].filter((key) => !now.has(key))];
  return (
    <Alert color="orange" role="alert" title="The list has changed since you looked">
      {came.length > 0 && <Text size="sm">{came.length} more: <span className="mono">{shortened(came)}</span></Text>}
      {went.length > 0 && <Text size="sm">{went.length} no more: <span className="mono">{shortened(went)}</span></Text>}
      {came.length + went.length === 0 && <Text size="sm">The same names; what would be done with some of them is another, or they come further down.</Text>}
      <Text size="sm">Nothing was decided.</Text>
    </Alert>
  );
}

const shortened = (names: readonly string[]) => `${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ` and ${String(names.length - NAMED)} more` : ''}`;

function saidOf({ hold, released, changed }: HoldOutcome): string {
  const did = hold.state === 'approved' ? `${String(released)} of ${String(Math.max(hold.members, released + changed.length))} are done` : 'everything is kept as it is';
  return changed.length === 0 ? `Done: ${did}` : `Done: ${did}; left out, since they have changed meanwhile: ${shortened(changed)}`;
}
