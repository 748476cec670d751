"""Other services that give derivatives, with the same functions in them; they run in an environment of their own.

What lies in this folder is given to that environment's Python as a script: it imports nothing of this project.
"""
