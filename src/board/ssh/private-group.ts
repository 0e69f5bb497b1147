/**
 * Whether a group is the person's alone, as each person's own is where new files are writable for it (Debian and its kin).
 * OpenSSH takes a configuration that such a group may write there.
 */
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

/**
 * Whether a group is this process's user's own and no other user is in it, as far as `passwd` and `group` in the folder say;
 * false where they do not.
 */
export function isPrivateGroup(gid: number, accounts: string): boolean {
  try {
    const person = userInfo();
    if (gid !== person.gid) return false;
    const lines = (name: string) =>
      readFileSync(`${accounts}/${name}`, 'utf8')
        .split('\n')
        .map((line) => line.split(':'));
    const users = lines('passwd').filter((fields) => fields[3] === `${gid}`);
    const groups = lines('group').filter((fields) => fields[2] === `${gid}`);
    const members = groups.flatMap((fields) => (fields[3] ?? '').split(',')).filter((name) => name !== '');
    if (users.length === 0 || groups.length === 0) return false;
    return (
      users.every((fields) => fields[2] === `${person.uid}`) &&
      members.every((name) => name === person.username)
    );
  } catch {
    return false;
  }
}
