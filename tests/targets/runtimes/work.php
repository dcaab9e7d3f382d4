<?php
// Does what is counted each time it is given a line: 300 calls of leaf in 100 of branch, 7 exceptions.
class Thing
{
    public static function leaf($x)
    {
        return $x + 1;
    }

    public function branch($x)
    {
        return self::leaf($x) + self::leaf($x) + self::leaf($x);
    }
}

function fails()
{
    throw new RuntimeException("counted");
}

echo "ready ", getmypid(), "\n";
while (fgets(STDIN) !== false) {
    $thing = new Thing();
    for ($i = 0; $i < 100; $i++) {
        $thing->branch($i);
    }
    for ($i = 0; $i < 7; $i++) {
        try {
            fails();
        } catch (RuntimeException $expected) {
        }
    }
    echo "done\n";
}
