import { Anchor, Text, Title } from '@mantine/core';
import { Link } from 'react-router';

/** An address that no view has. */
export function NotFound() {
  return (
    <>
      <Title order={1} size="h2">There is no such page</Title>
      <Text mt="sm">The address may be mistyped. <Anchor component={Link} to="/" underline="always">To the overview</Anchor></Text>
    </>
  );
}
