import java.io.BufferedReader;
import java.io.InputStreamReader;

/** Does what is counted each time it is given a line: 300 calls of leaf in 100 of branch, 50 objects of Thing, a thread, a full collection. */
public class Work {
    static class Thing {
        final long a = 1, b = 2;
    }

    static Thing last;

    static int leaf(int x) {
        return x + 1;
    }

    static int branch(int x) {
        return leaf(x) + leaf(x) + leaf(x);
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        System.out.println("ready " + ProcessHandle.current().pid());
        while (lines.readLine() != null) {
            int sum = 0;
            for (int i = 0; i < 100; i++) {
                sum += branch(i);
            }
            for (int i = 0; i < 50; i++) {
                last = new Thing();
            }
            Thread worker = new Thread(() -> { }, "worker-of-the-test");
            worker.start();
            worker.join();
            System.gc();
            System.out.println("done " + sum);
        }
    }
}
