import { Track } from './track.js';

describe('the model of a profile or cart', () => {
  it('knows what each version holds, also of a write that is not answered yet', () => {
    const track = new Track({ version: 1, state: 'a' });
    track.begin('b');
    expect(track.complaint({ version: 1, state: 'a' }, 1)).toBeUndefined();
    expect(track.complaint({ version: 2, state: 'b' }, 1)).toBeUndefined();
    track.acknowledge();
    expect(track.complaint({ version: 2, state: 'b' }, 2)).toBeUndefined();
  });

  it('complains of a stale read, of a write that nobody made, and of another state', () => {
    const track = new Track({ version: 1, state: 'a' });
    track.begin('b');
    track.acknowledge();
    expect(track.complaint({ version: 1, state: 'a' }, 2)).toEqual({
      kind: 'lost',
      text: 'version 1 was seen after 2 was acknowledged',
    });
    expect(track.complaint({ version: 3, state: 'c' }, 2)).toEqual({
      kind: 'doubled',
      text: 'version 3 was seen, but only 2 can be',
    });
    expect(track.complaint({ version: 2, state: 'x' }, 2)).toEqual({
      kind: 'wrong',
      text: 'version 2 is x, but b was written',
    });
  });

  it('leaves open whether a write happened whose outcome nobody learned', () => {
    const track = new Track({ version: 1, state: 'a' });
    track.begin('b');
    track.giveUp();
    expect(track.complaint({ version: 1, state: 'a' }, 1)).toBeUndefined();
    expect(track.complaint({ version: 2, state: 'b' }, 1)).toBeUndefined();
    expect(track.complaint({ version: 3, state: 'c' }, 1)).toEqual({
      kind: 'doubled',
      text: 'version 3 was seen, but only 2 can be',
    });
  });
});
