import { Alert, Button, Stack, Switch, Text } from '@mantine/core';
import type { Zone } from '@vmdns/contracts';
import { useState } from 'react';
import { usePermissions } from '../../api/session';
import { Empty } from '../../shared/empty';
import { Trouble } from '../../shared/trouble';
import { TestSteps } from './test-steps';
import { useZoneTest } from './use-zone-test';

/** A saved zone is tried, on demand with a record of its own. */
export function ZoneTrial({ zone }: { readonly zone: Zone }) {
  const may = usePermissions();
  const test = useZoneTest();
  const [probe, setProbe] = useState(false);
  if (!may.operates) return <Empty title="Operators test zones">Your role may look at the zone only.</Empty>;
  return (
    <Stack align="flex-start">
      <Text size="sm" c="dimmed">Whether the server is reached and the key may write, what fits into the zone, and who is asked for it.</Text>
      <Switch label="Also write a record of its own, ask for it over DNS, and remove it" checked={probe} onChange={(event) => { setProbe(event.currentTarget.checked); }} />
      <Button onClick={() => { test.run({ id: zone.id, probe }); }} loading={test.isRunning}>Test zone</Button>
      <TestSteps steps={test.steps} isRunning={test.isRunning} />
      {test.ok !== undefined && <Alert color={test.ok ? 'teal' : 'orange'} role="status">{test.ok ? 'The test went well.' : 'Something is not as it must be: see the red step.'}</Alert>}
      {test.error !== null && <Trouble error={test.error} />}
    </Stack>
  );
}
