"""The service of wengert: Wengert lists in over gRPC, derivatives out.

Run it as ``wengert-server`` or ``python -m wengert_server``; ``--help`` lists its settings. In a
program::

    from wengert_server.server import Server
    from wengert_server.settings import Settings

    server = Server(Settings(address=("127.0.0.1:0",)))
    server.start()
    print(server.addresses[0])
    server.drain().wait()

Importing :mod:`wengert_server.server` loads the engine and its kernels; this package alone and its
settings do not.
"""
