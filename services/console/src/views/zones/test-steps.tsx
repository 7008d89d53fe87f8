import { List, Loader, Text, ThemeIcon } from '@mantine/core';
import type { TestStep } from '@vmdns/contracts';

/** The steps of a zone test as they end: how it went, how long it took, what to do. */
export function TestSteps({ steps, isRunning }: { readonly steps: readonly TestStep[]; readonly isRunning: boolean }) {
  return (
    <List aria-label="Steps of the test" aria-live="polite" spacing="xs" listStyleType="none">
      {steps.map((step) => (
        <List.Item key={step.step + step.text} icon={<ThemeIcon size={22} radius="xl" variant="light" color={colorOfStep(step)} aria-hidden>{step.ok ? step.warning ? '!' : '✓' : '✗'}</ThemeIcon>}>
          <Text size="sm"><b>{step.step}</b>: {step.text} <Text span size="xs" c="dimmed">{Math.round(step.tookMs)} ms</Text></Text>
          {step.hint !== undefined && <Text size="sm" c={step.ok ? 'dimmed' : 'red'}>{step.hint}</Text>}
        </List.Item>
      ))}
      {isRunning && <List.Item icon={<Loader size={22} aria-hidden />}><Text size="sm" c="dimmed">{steps.length === 0 ? 'Testing …' : 'The next step runs …'}</Text></List.Item>}
    </List>
  );
}

const colorOfStep = (step: TestStep) => step.ok ? step.warning ? 'yellow' : 'teal' : 'red';
