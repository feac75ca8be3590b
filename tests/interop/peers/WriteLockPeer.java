import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.recipes.lock.LockListener;
import org.apache.zookeeper.recipes.lock.WriteLock;

/**
 * WriteLock, ZooKeeper's own recipe in Java: see tests/interop/peer.h.
 *
 * <p>WriteLockPeer ADDRESS SESSION_TIMEOUT_MS
 */
final class WriteLockPeer {
  private static final class Contender implements PeerProgram.Contender, LockListener {
    private final ZooKeeper session;
    private final WriteLock lock;
    private final Semaphore acquired = new Semaphore(0);

    Contender(String address, int sessionTimeout, String path) throws Exception {
      CountDownLatch connected = new CountDownLatch(1);
      session =
          new ZooKeeper(
              address,
              sessionTimeout,
              event -> {
                if (event.getState() == KeeperState.SyncConnected) {
                  connected.countDown();
                }
              });
      if (!connected.await(30, TimeUnit.SECONDS)) {
        throw new IllegalStateException("no session");
      }
      lock = new WriteLock(session, path, Ids.OPEN_ACL_UNSAFE, this);
    }

    @Override
    public String lock() throws Exception {
      // It does not wait: its listener is notified. It never is if the claim ahead went between the
      // list and the watch, hence the time: then it is asked again.
      while (!lock.lock()) {
        acquired.tryAcquire(200, TimeUnit.MILLISECONDS);
      }
      return lock.getId();
    }

    @Override
    public void unlock() {
      lock.unlock();
    }

    @Override
    public void close() throws InterruptedException {
      session.close();
    }

    @Override
    public void lockAcquired() {
      acquired.release();
    }

    @Override
    public void lockReleased() {
      acquired.drainPermits();
    }
  }

  public static void main(String[] arguments) throws Exception {
    int sessionTimeout = Integer.parseInt(arguments[1]);
    PeerProgram.run(path -> new Contender(arguments[0], sessionTimeout, path));
  }
}
