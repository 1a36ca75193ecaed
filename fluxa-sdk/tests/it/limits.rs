//! Limits of what is read: an endless answer ends, and one that announces too much is not begun.

use fluxa_sdk::{Error, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::client;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_answer_is_given_up_and_not_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let mut connections = 0;
        while let Ok(Ok((mut stream, _))) =
            tokio::time::timeout(std::time::Duration::from_secs(5), listener.accept()).await
        {
            connections += 1;
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            let chunk = vec![b' '; 1 << 20];
            while stream.write_all(&chunk).await.is_ok() {}
            if connections == 1 {
                break;
            }
        }
        connections
    });
    let failure = client(&base_url).raw("GET", "/payments").await.unwrap_err();
    let Error::Decode(decode) = &failure else {
        panic!("{failure:?}")
    };
    assert!(decode.reason().contains("larger"), "{failure}");
    assert_eq!(
        (failure.attempts(), failure.outcome()),
        (1, Outcome::Unknown)
    );
    assert_eq!(task.await.unwrap(), 1);
}

#[tokio::test]
async fn an_answer_that_announces_too_much_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n";
        let _ = stream.write_all(head).await;
        // Nothing of the body comes.
        std::future::pending::<()>().await;
    });
    let failure = client(&base_url).raw("GET", "/payments").await;
    let failure = failure.unwrap_err();
    let Error::Decode(decode) = &failure else {
        panic!("{failure:?}")
    };
    assert!(decode.reason().contains("larger"), "{failure}");
    assert_eq!(failure.attempts(), 1);
}
