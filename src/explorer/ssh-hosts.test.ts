import { expect, test } from 'vitest';
import { hostAliases } from './ssh-hosts.ts';

test('hosts of the ssh configuration are offered, patterns are not [main-17]', () => {
  const text = `
Host versal lab-* !other
  HostName 10.0.0.7
host "second board" versal
Match host x
# Host commented
Host "unfinished
`;
  expect(hostAliases(text)).toEqual(['versal', 'second board']);
});
