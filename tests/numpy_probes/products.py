"""Products of arrays, and linear algebra."""

from tests.numpy_probes.probe import Group, Probe

P = Probe

PRODUCTS = Group(
    "Products",
    [
        P("np.dot x.dot", "np.dot(A, v)"), P("np.dot x.dot", "v.dot(w) + np.dot(s, v) * np.dot(v, 2.0)"), P("np.dot x.dot", "np.dot(T, U[0])"),
        P("np.dot x.dot", "np.dot(A, U)"), P("np.dot x.dot", "np.dot(np.ones((2, 3)), M)"),
        P("np.inner", "np.inner(v, w)"), P("np.inner", "np.inner(A, T)"), P("np.inner", "np.inner(s, A)"),
        P("np.outer np.linalg.outer", "np.outer(x, v) + np.linalg.outer(x, v)"), P("np.outer np.linalg.outer", "np.outer(N, [1.0, 2.0]) * s"),
        P("np.vdot", "np.vdot(A, A) + np.vdot(v, np.ones(4))"),
        P("np.tensordot np.linalg.tensordot", "np.tensordot(T, U, axes=([1, 2], [2, 1]))"), P("np.tensordot np.linalg.tensordot", "np.tensordot(A, B, 1)"),
        P("np.tensordot np.linalg.tensordot", "np.tensordot(x, v, 0)"), P("np.tensordot np.linalg.tensordot", "np.linalg.tensordot(A, T[0], axes=2)"),
        P("np.tensordot np.linalg.tensordot", "np.tensordot(A, np.ones((2, 3)), (0, 1))"),
        P("np.linalg.matmul np.linalg.vecdot", "np.linalg.matmul(A, B) * np.linalg.vecdot(v, w) + np.linalg.vecdot(A, v)[:, None]"),
        P("np.einsum", "np.einsum('ij,jk->ik', A, B)"), P("np.einsum", "np.einsum('ij,ij->i', A, A)"), P("np.einsum", "np.einsum('ij,kj', A, A)"),
        P("np.einsum", "np.einsum('ii', M)"), P("np.einsum", "np.einsum('ii->i', M) + np.einsum('i,i->i', x, y)"), P("np.einsum", "np.einsum('ijk->kji', T)"),
        P("np.einsum", "np.einsum('ij->j', A) + np.einsum('ij->', A)"), P("np.einsum", "np.einsum('bij,bjk->bik', T, U)"), P("np.einsum", "np.einsum('i,ij,j', x, A, v)"),
        P("np.einsum", "np.einsum('...ij,...jk->...ik', T, U)"), P("np.einsum", "np.einsum('...i,i->...', T, v)"), P("np.einsum", "np.einsum('i,j,k->kij', x, v, y)"),
        P("np.einsum", "np.einsum('ij,j', np.ones((2, 4)), v, optimize=True)"), P("np.einsum", "np.einsum('ij,jk,kl,lm->im', M, M, A, B)"),
        P("np.einsum", "np.einsum('aij,bji->ab', T, U)"), P("np.einsum", "np.einsum(',i->i', s, v)"),
        P("np.kron", "np.kron(x, v)"), P("np.kron", "np.kron(M, A)"), P("np.kron", "np.kron(N, x) + np.kron(s, 1.0)"),
        P("np.cross np.linalg.cross", "np.cross(x, y)"), P("np.cross np.linalg.cross", "np.cross(M, [1.0, 2.0, 3.0])"),
        P("np.cross np.linalg.cross", "np.cross(A, A[::-1], axis=0)"), P("np.cross np.linalg.cross", "np.linalg.cross(M, x)"),
        P("np.trace np.linalg.trace x.trace", "np.trace(M) + M.trace(1) + np.linalg.trace(T).sum()"), P("np.trace np.linalg.trace x.trace", "np.trace(T, 0, 1, 2)"),
        P("np.linalg.multi_dot", "np.linalg.multi_dot([x, A, B])"), P("np.linalg.multi_dot", "np.linalg.multi_dot([M, A, B, N, np.ones(2)])"),
    ],
)  # fmt: skip

LINEAR_ALGEBRA = Group(
    "Linear algebra",
    [
        P("np.linalg.norm", "np.linalg.norm(v) + np.linalg.norm(A)"), P("np.linalg.norm", "np.linalg.norm(A, axis=1)"), P("np.linalg.norm", "np.linalg.norm(T, axis=(0, 2), keepdims=True)"),
        P("np.linalg.norm", "np.linalg.norm(p, 1) + np.linalg.norm(p, np.inf) - np.linalg.norm(p, -np.inf) + np.linalg.norm(p, 3)"),
        P("np.linalg.norm", "np.linalg.norm(P, 1) + np.linalg.norm(P, -1) + np.linalg.norm(P, np.inf) + np.linalg.norm(P, -np.inf)", "no singular values: fro, 1, -1, inf, -inf"),
        P("np.linalg.norm", "np.linalg.norm(P, 'fro', keepdims=True) + np.linalg.norm(p, 0)"), P("np.linalg.norm", "np.linalg.norm(P, ord=1, axis=(0, 1), keepdims=True)"),
        P("np.linalg.vector_norm np.linalg.matrix_norm", "np.linalg.vector_norm(A) + np.linalg.matrix_norm(T) + np.linalg.vector_norm(A, axis=0, ord=1).sum()"),
        P("np.linalg.det", "np.linalg.det(M) + np.linalg.det(N) + np.linalg.det(s[None, None])", "up to 3 rows"), P("np.linalg.det", "np.linalg.det(T[:, :2, :2])"),
        P("np.linalg.inv", "np.linalg.inv(M)", "up to 3 rows"), P("np.linalg.inv", "np.linalg.inv(T[:, :2, 1:3]) + np.linalg.inv(N)"), P("np.linalg.inv", "np.linalg.inv(s.reshape(1, 1))"),
        P("np.linalg.solve", "np.linalg.solve(M, x)", "up to 3 rows"), P("np.linalg.solve", "np.linalg.solve(M, A)"), P("np.linalg.solve", "np.linalg.solve(np.array([[2.0, 1.0], [1.0, 3.0]]), B[:2])"),
        P("np.linalg.solve", "np.linalg.solve(N, [1.0, 2.0])"), P("np.linalg.slogdet", "np.linalg.slogdet(M)", "up to 3 rows"),
        P("np.linalg.cholesky", "np.linalg.cholesky((S + S.T) / 2)", "up to 8 rows"), P("np.linalg.cholesky", "np.linalg.cholesky(M @ M.T + np.eye(3), upper=True)"),
        P("np.linalg.matrix_power", "np.linalg.matrix_power(M, 5)"), P("np.linalg.matrix_power", "np.linalg.matrix_power(N, -2) + np.linalg.matrix_power(N, 0)"),
    ],
)  # fmt: skip
