import { Badge, Box, Button, Code, Group, Paper, Stack, Text, Textarea, TextInput, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { Plan } from '@vmdns/contracts';
import { useState } from 'react';
import { ask } from '../../api/client';
import { PageHead } from '../../shared/page-head';
import { Trouble } from '../../shared/trouble';
import { factsIn } from './facts-in';

const EXAMPLE = '[{ "vmId": "vm-17", "fqdn": "web.example.com", "addresses": [{ "ip": "192.0.2.17" }] },\n { "vmId": "vm-18", "deleted": true }]';

/** What facts would do, looked at before a bulk change; nothing is written by it. */
export function PlanPage() {
  const [text, setText] = useState('');
  const [source, setSource] = useState('');
  const facts = factsIn(text);
  const planning = useMutation({ mutationFn: (list: readonly unknown[]) => ask<Plan>('/v1/plans', { method: 'POST', body: { facts: list, ...(source.trim() === '' ? {} : { source: source.trim() }) } }) });
  return (
    <>
      <PageHead title="Plan" />
      <Stack>
        <Text>What DNS would do if these facts came in now. Nothing is written anywhere by it.</Text>
        <form onSubmit={(event) => { event.preventDefault(); if (facts !== undefined) planning.mutate(facts); }}>
          <Stack>
            <Textarea label="Facts" description="A JSON list of VMs, each as its publisher would tell of it; “deleted” is a deletion." placeholder={EXAMPLE} value={text} onChange={(event) => { setText(event.currentTarget.value); planning.reset(); }} error={text.trim() !== '' && facts === undefined ? 'This is no JSON list of facts.' : undefined} autosize minRows={6} maxRows={18} classNames={{ input: 'mono' }} spellCheck={false} data-autofocus />
            <Group align="end">
              <TextInput label="Source" description="As events of this source; empty: as your own calls." value={source} onChange={(event) => { setSource(event.currentTarget.value); planning.reset(); }} maxLength={256} w={320} />
              <Button type="submit" loading={planning.isPending} disabled={facts === undefined}>Show the plan</Button>
            </Group>
          </Stack>
        </form>
        {planning.isError && <Trouble error={planning.error} />}
        {planning.data !== undefined && <Planned plan={planning.data} />}
      </Stack>
    </>
  );
}

function Planned({ plan }: { readonly plan: Plan }) {
  const refused = plan.facts.filter((fact) => fact.outcome === 'refused').length;
  const counts = [['added', plan.added, 'teal'], ['changed', plan.changed, 'blue'], ['removed', plan.removed, 'red'], ['on hold', plan.held, 'violet'], ['not granted', plan.refusals.length, 'orange'], ['facts refused', refused, 'orange']] as const;
  return (
    <Paper withBorder p="md" component="section" aria-label="What would change">
      <Title order={2} size="h4" mb="sm">What would change</Title>
      <Group gap="xs" role="status" aria-label="Counts" mb="sm">{counts.map(([what, count, color]) => <Badge key={what} color={count === 0 ? 'gray' : color} variant="light" tt="none">{count.toLocaleString()} {what}</Badge>)}</Group>
      {/* Reached by the keyboard, since it scrolls. */}
      <Code block tabIndex={0} role="region" aria-label="The plan" mah="60vh">{plan.text.split('\n').map((line, place) => <Box key={place} component="span" display="block" className={classOf(line)}>{line}</Box>)}</Code>
    </Paper>
  );
}

const CLASSES: Readonly<Record<string, string>> = { '+': 'diff-add', '-': 'diff-remove' };
const classOf = (line: string) => CLASSES[/^ {2}(\S) /.exec(line)?.[1] ?? ''] ?? '';
