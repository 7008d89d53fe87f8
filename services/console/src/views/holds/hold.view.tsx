import { Alert, Button, Group, Modal, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Hold, HoldOutcome, HoldPage as HoldAnswer } from '@vmdns/contracts';
import { useState } from 'react';
import { useParams } from 'react-router';
import { ask } from '../../api/client';
import { usePermissions } from '../../api/session';
import { Loading } from '../../shared/loading';
import { PageHead } from '../../shared/page-head';
import { sayDone } from '../../shared/say';
import { StateBadge } from '../../shared/state-badge';
import { Trouble } from '../../shared/trouble';
import { When } from '../../shared/when';

/** From here on the number has to be typed, so that nobody approves it by a slip. */
const TYPED_FROM = 20;
const LINES_SHOWN = 500;

/** One hold: the plan as a diff, and the decision. */
export function HoldPage() {
  const { id = '' } = useParams();
  const hold = useQuery({ queryKey: ['hold', id], queryFn: ({ signal }) => ask<HoldAnswer>(`/v1/holds/${encodeURIComponent(id)}`, { query: { limit: LINES_SHOWN }, signal }), refetchInterval: 5_000 });
  if (hold.isPending) return <Loading />;
  if (hold.data === undefined) return <Trouble error={hold.error} retry={() => { void hold.refetch(); }} />;
  const { hold: head, members } = hold.data;
  return (
    <>
      <PageHead title="Hold" badge={<StateBadge state={head.state} />}><Decide hold={head} /></PageHead>
      <Stack>
        <Text>{head.text}</Text>
        <Text size="sm" c="dimmed">{head.kind} of <span className="mono">{head.scope}</span>, open since <When at={head.openedAt} relative />{head.decidedBy === undefined ? '' : `, ${head.state} by ${head.decidedBy}`}</Text>
        <Paper withBorder p="md" component="section" aria-label="What would be done" style={{ maxHeight: '60vh', overflow: 'auto' }} tabIndex={0}>
          {members.map((member, line) => <Text key={`${member.text} ${String(line)}`} className={`mono ${head.kind === 're-homing' ? '' : 'diff-remove'}`}>{head.kind === 're-homing' ? '~' : '−'} {member.text}</Text>)}
          {hold.data.next !== undefined && <Text size="sm" c="dimmed" mt="xs">and {head.members - members.length} more; all of them: <code>vmdns hold show {head.holdId}</code></Text>}
        </Paper>
      </Stack>
    </>
  );
}

function Decide({ hold }: { readonly hold: Hold }) {
  const may = usePermissions();
  const queries = useQueryClient();
  const [choice, setChoice] = useState<'approve' | 'reject' | null>(null);
  const [typed, setTyped] = useState('');
  const deciding = useMutation({
    mutationFn: (decision: 'approve' | 'reject') => ask<HoldOutcome>(`/v1/holds/${encodeURIComponent(hold.holdId)}/${decision}`, { method: 'POST' }),
    onSuccess: async (outcome) => {
      setChoice(null);
      sayDone(outcome.changed.length === 0 ? `Done: ${String(outcome.released)} of ${String(outcome.hold.members)}` : `Done: ${String(outcome.released)}; left out, since they have changed meanwhile: ${outcome.changed.slice(0, 5).join(', ')}`);
      await queries.invalidateQueries({ queryKey: ['hold', hold.holdId] });
    },
  });
  if (!may.operates || hold.state !== 'open') return null;
  const mustType = hold.members >= TYPED_FROM;
  const word = choice === 'approve' ? 'Approve' : 'Reject';
  return (
    <>
      <Button color="red" onClick={() => { setTyped(''); setChoice('approve'); }}>Approve</Button>
      <Button variant="default" onClick={() => { setTyped(''); setChoice('reject'); }}>Reject</Button>
      <Modal opened={choice !== null} onClose={() => { setChoice(null); deciding.reset(); }} title={`${word} ${String(hold.members)} changes`} closeButtonProps={{ 'aria-label': 'Close' }}>
        <form onSubmit={(event) => { event.preventDefault(); if (choice !== null) deciding.mutate(choice); }}>
          <Stack>
            <Text size="sm">{choice === 'approve' ? 'They are done at once; what has changed since is left out and named.' : 'Records are kept as they are, and these changes do not ask again.'}</Text>
            {mustType && <TextInput label={`Type ${String(hold.members)} to confirm`} value={typed} onChange={(event) => { setTyped(event.currentTarget.value); }} data-autofocus inputMode="numeric" />}
            {deciding.isError && <Alert color="red" role="alert">{deciding.error.message}</Alert>}
            <Group justify="flex-end"><Button variant="default" onClick={() => { setChoice(null); }}>Cancel</Button><Button type="submit" color={choice === 'approve' ? 'red' : 'blue'} loading={deciding.isPending} disabled={mustType && typed.trim() !== String(hold.members)}>{word}</Button></Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
