-- Every index that a send appears in is written at each of its steps. Those who were promised a time are found among those that wait
-- for their channel, which is asked for when a rate changes. `tries` is not kept up any more: the attempts are counted where they are.
DROP INDEX sends_promised;
