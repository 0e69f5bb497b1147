import { describe, expect, it, vi } from 'vitest';
import { DisposableStore, Emitter } from './event.ts';

describe('events', () => {
  it('call listeners in order until they are disposed', () => {
    const emitter = new Emitter<number>();
    const heard: string[] = [];
    const first = emitter.event((value) => heard.push(`a${value}`));
    emitter.event((value) => heard.push(`b${value}`));
    emitter.fire(1);
    first.dispose();
    first.dispose();
    emitter.fire(2);
    expect(heard).toEqual(['a1', 'b1', 'b2']);
  });

  it('reach every listener even if one throws, and then say so', () => {
    const emitter = new Emitter<void>();
    const last = vi.fn();
    emitter.event(() => {
      throw new Error('first');
    });
    emitter.event(last);
    expect(() => emitter.fire()).toThrow('first');
    expect(last).toHaveBeenCalledOnce();
  });

  it('reach the listeners of the moment: one that subscribes meanwhile waits for the next', () => {
    const emitter = new Emitter<void>();
    const late = vi.fn();
    const subscription = emitter.event(() => void emitter.event(late));
    emitter.fire();
    expect(late).not.toHaveBeenCalled();
    subscription.dispose();
    emitter.fire();
    expect(late).toHaveBeenCalledOnce();
  });

  it('are silent after dispose', () => {
    const emitter = new Emitter<void>();
    const listener = vi.fn();
    emitter.event(listener);
    emitter.dispose();
    emitter.event(listener);
    emitter.fire();
    expect(listener).not.toHaveBeenCalled();
  });
});

describe('a store of disposables', () => {
  it('disposes the last first, once, and what comes later at once', () => {
    const store = new DisposableStore();
    const order: string[] = [];
    store.add({ dispose: () => order.push('a') });
    store.add({ dispose: () => order.push('b') });
    store.dispose();
    store.dispose();
    store.add({ dispose: () => order.push('late') });
    expect(order).toEqual(['b', 'a', 'late']);
  });
});
