import { Button, Stack, Text, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { DeadLetterShown, FactAnswer } from '@vmdns/contracts';
import { useState } from 'react';
import { ask } from '../../api/client';
import { usePermissions } from '../../api/session';
import { Confirm } from '../../shared/confirm';
import { sayDone } from '../../shared/say';
import { indented } from './indented';

/** A publisher's message once more: as it came, or mended in place. */
export function TellAgain({ letter }: { readonly letter: DeadLetterShown }) {
  const may = usePermissions();
  const [isOpen, setOpen] = useState(false);
  if (!may.operates || !letter.isReplayable || letter.state !== 'open') return null;
  return (
    <>
      <Button onClick={() => { setOpen(true); }}>Tell it once more</Button>
      {isOpen && <Telling letter={letter} close={() => { setOpen(false); }} />}
    </>
  );
}

function Telling({ letter, close }: { readonly letter: DeadLetterShown; readonly close: () => void }) {
  const queries = useQueryClient();
  const came = indented(letter.payload);
  const [text, setText] = useState(came);
  const mended = text === came ? undefined : jsonIn(text);
  const telling = useMutation({
    // What is shown is masked: untouched, the message is told as it came, not as it is shown.
    mutationFn: () => ask<FactAnswer>(`/v1/deadletters/${encodeURIComponent(letter.id)}/replay`, { method: 'POST', body: mended === undefined ? {} : { payload: mended } }),
    onSuccess: async (answer) => {
      close();
      sayDone(saidOf(answer));
      await Promise.all([queries.invalidateQueries({ queryKey: ['dead-letter', letter.id] }), queries.invalidateQueries({ queryKey: ['/v1/deadletters'] })]);
    },
  });
  const fault = text === came ? cutFault(letter) : mended === undefined ? 'This is no JSON object.' : undefined;
  return (
    <Confirm title="Tell it once more" word="Tell" isDisabled={fault !== undefined} isRunning={telling.isPending} error={telling.error} confirm={() => { telling.mutate(); }} close={close}>
      <Stack>
        <Text size="sm">Untouched, it is told as it came. Told twice it does no harm, and a fact that is older than what is known is left aside.</Text>
        <Textarea label="The message" description="What was masked as [secret] has to be taken out, or put in again, in a mended one." value={text} onChange={(event) => { setText(event.currentTarget.value); }} error={fault} autosize minRows={6} maxRows={16} classNames={{ input: 'mono' }} spellCheck={false} data-autofocus />
      </Stack>
    </Confirm>
  );
}

const cutFault = ({ isCut }: DeadLetterShown) => isCut ? 'Only its beginning was kept: put in the whole message, or let its publisher send it again.' : undefined;

function jsonIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function saidOf(answer: FactAnswer): string {
  if (answer.reason === 'held') return `${answer.vmId}: understood, and waits for a person under Holds`;
  if (answer.accepted) return `${answer.vmId}: understood, revision ${String(answer.revision)}`;
  return `${answer.vmId}: ${answer.text ?? `understood; nothing new (${answer.reason ?? 'ignored'})`}`;
}
