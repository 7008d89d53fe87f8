import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router';

/** On every page: a VM, name or address, and the answer to "why". */
export function ExplainBox() {
  const go = useNavigate();
  const [text, setText] = useState('');
  const submit = () => { if (text.trim() !== '') void go(`/explain?q=${encodeURIComponent(text.trim())}`); };
  return (
    <form role="search" style={{ flex: '1 1 320px', maxWidth: 480 }} onSubmit={(event) => { event.preventDefault(); submit(); }}>
      <TextInput aria-label="Explain a VM, name or address" placeholder="Explain a VM, name or address" value={text} onChange={(event) => { setText(event.currentTarget.value); }} />
    </form>
  );
}
